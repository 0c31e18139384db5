"""Prose that is made up, and the same each time."""

import functools
import random

SYLLABLES = ["ba", "cor", "den", "el", "fi", "gra", "ho", "in", "jul", "ka", "lo", "mer", "nis", "or", "pa", "qui"]
WORDS = [a + b + c for a in SYLLABLES for b in SYLLABLES for c in ("", "n", "re", "st")]


@functools.cache
def text(seed, size):
    """Compresses to a quarter, as prose does."""
    dice = random.Random(seed)
    words = dice.choices(WORDS, weights=[1 / (rank + 1) for rank in range(len(WORDS))], k=size // 3)
    return " ".join(words)[:size]
