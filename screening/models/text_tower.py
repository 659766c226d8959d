"""CLIP's half for words, for texts of any length: a short text then costs less than a full one.

open_clip computes all tokens of the context, also those behind the end of a text, which change
nothing: no token sees a later one. A name has 10 tokens of 77, so that most of the work is spared.
"""

import copy
from typing import Any

from screening.models.torch_models import Opened


def any_length(opened: Opened) -> Any | None:
    """Return a module that takes tokens int64 (n, length) and gives what ``encode_text`` does.

    None where the half is built in another way than CLIP's; where it only seems to be built so the
    vectors differ. Attention is replaced by one that can be written for any length, in a copy.
    """
    import torch

    whole = opened.module if hasattr(opened.module, "token_embedding") else opened.module.text
    if not all(hasattr(whole, name) for name in _NEEDED) or whole.attn_mask is None:
        return None
    tower = torch.nn.Module()  # without the half for pictures, which need not be copied
    for name in _NEEDED:
        setattr(tower, name, copy.deepcopy(getattr(whole, name)))
    blocks = tower.transformer.resblocks
    for block in blocks:
        if not isinstance(block.attn, torch.nn.MultiheadAttention) or block.attn.bias_k is not None:
            return None
        block.attn = _attention(block.attn)

    class AnyLength(torch.nn.Module):  # type: ignore[misc]  # torch is untyped here
        def __init__(self) -> None:
            super().__init__()
            self.tower = tower

        def forward(self, tokens: Any) -> Any:
            length = tokens.shape[1]
            x = tower.token_embedding(tokens) + tower.positional_embedding[:length]
            mask = tower.attn_mask[:length, :length]
            first = tower.transformer.batch_first
            x = x if first else x.transpose(0, 1)
            for block in blocks:
                x = block(x, attn_mask=mask)
            x = tower.ln_final(x if first else x.transpose(0, 1))
            ends = x[torch.arange(x.shape[0]), tokens.argmax(dim=-1)]
            project = tower.text_projection
            if project is None:
                return ends
            return project(ends) if isinstance(project, torch.nn.Module) else ends @ project

    return AnyLength().eval()


def _attention(own: Any) -> Any:
    """Return a module that attends as torch's does, of whose shape nothing is fixed."""
    import torch

    heads, width = own.num_heads, own.head_dim

    class Attention(torch.nn.Module):  # type: ignore[misc]
        def __init__(self) -> None:
            super().__init__()
            self.own = own

        def forward(self, query: Any, *_: Any, attn_mask: Any, **__: Any) -> tuple[Any, None]:
            x = query if own.batch_first else query.transpose(0, 1)
            parts = torch.nn.functional.linear(x, own.in_proj_weight, own.in_proj_bias).chunk(3, -1)
            q, k, v = (part.unflatten(-1, (heads, width)).transpose(1, 2) for part in parts)
            weights = (q @ k.transpose(-1, -2)) * width**-0.5 + attn_mask
            given = own.out_proj((weights.softmax(dim=-1) @ v).transpose(1, 2).flatten(2))
            return given if own.batch_first else given.transpose(0, 1), None

    return Attention()


_NEEDED = (
    "token_embedding", "positional_embedding", "transformer", "ln_final", "attn_mask",
    "text_projection",
)  # fmt: skip
