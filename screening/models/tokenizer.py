"""CLIP's tokenizer as a file that needs neither torch nor open_clip: made of its words."""

from typing import Any

from screening.models.concepts import END, START

PATTERN = r"'s|'t|'re|'ve|'m|'ll|'d|[\p{L}]+|[\p{N}]|[^\s\p{L}\p{N}]+"
"""Of what text is made, as in open_clip; it is given in lower case, cleaned by TextEncoder."""
WORD_END = "</w>"


def tokenizer_text() -> str:
    """Return the JSON text of a tokenizer that splits cleaned text as open_clip's does.

    It adds nothing before and after. Needs the extra ``clip``.
    """
    from open_clip.tokenizer import SimpleTokenizer
    from tokenizers import AddedToken, Regex, Tokenizer, models, pre_tokenizers

    known: Any = SimpleTokenizer()
    merges = [pair for pair in known.bpe_ranks if len(pair) == 2]
    tokenizer = Tokenizer(
        models.BPE(
            vocab=known.encoder,
            merges=merges,
            end_of_word_suffix=WORD_END,
            fuse_unk=False,
        )
    )
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split(Regex(PATTERN), behavior="removed", invert=True),
            pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
        ]
    )
    tokenizer.add_special_tokens([AddedToken(end, normalized=False) for end in (START, END)])
    text: str = tokenizer.to_str()
    return text
