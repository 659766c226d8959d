"""Prompts as people write them, half of them naming records of a list, half of them nobody.

Importable as ``prompt_corpus`` by scripts of this folder's parent, which run with it as their path.
"""

from prompt_corpus.corpus import Prompt, digest, prompts, records_file

__all__ = ["Prompt", "digest", "prompts", "records_file"]
