"""The loss: views of one picture come together, all others apart, and nobody has a near neighbor.

Contrastive within a batch, with several positives, and an entropy term. Embeddings of past steps as
more negatives (Wang et al. 2020) were tried and did harm: embeddings fled together from where the
past ones lay and crowded. Source: KoLeo, Sablayrolles et al. 2019; SSCD, Pizzi et al. 2022.
"""

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional

NEVER = -1e4


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Pairing:
    """Which attacked view shows which pictures of the batch, bool (n, n), view by picture.

    positive: is a copy of it. related: shows something of it, so it is no negative; contains
    ``positive``.
    """

    positive: Tensor
    related: Tensor


def contrastive(clean: Tensor, attacked: Tensor, pairing: Pairing, *, temperature: float) -> Tensor:
    """Return the contrastive loss of a batch, a scalar of at least 0.

    clean, attacked: unit vectors (n, d) of a clean view of each picture and of attacked views.
    Every positive pair is told from the negatives of both its ends on its own, so several
    positives of one view do not compete.
    """
    count = len(clean)
    own = torch.eye(count, dtype=torch.bool, device=clean.device)
    across = attacked @ clean.T / temperature
    shown = pairing.related.float()
    together = (shown @ shown.T) > 0
    from_attacked = _negatives(
        across, pairing.related, attacked @ attacked.T / temperature, together
    )
    from_clean = _negatives(across.T, pairing.related.T, clean @ clean.T / temperature, own)
    view, picture = pairing.positive.nonzero(as_tuple=True)
    close = across[view, picture]
    weight = 1.0 / pairing.positive.sum(dim=1)[view]
    each = functional.softplus(from_attacked[view] - close) + functional.softplus(
        from_clean[picture] - close
    )
    return (each * weight).sum() / count


def nearness(clean: Tensor) -> Tensor:
    """Return how near the nearest others are, a scalar: the mean of minus the log distance.

    The less it is, the more evenly the embeddings of different pictures fill the sphere.
    """
    own = torch.eye(len(clean), dtype=torch.bool, device=clean.device)
    nearest = (clean @ clean.T).masked_fill(own, -1.0).max(dim=1).values
    return -0.5 * (2.0 - 2.0 * nearest).clamp(min=1e-6).log().mean()


def _negatives(across: Tensor, not_across: Tensor, among: Tensor, not_among: Tensor) -> Tensor:
    """Return the log of the summed exponents of each row, less what is no negative of it."""
    return torch.logsumexp(
        torch.cat(
            [across.masked_fill(not_across, NEVER), among.masked_fill(not_among, NEVER)], dim=1
        ),
        dim=1,
    )
