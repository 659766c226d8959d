"""Trains a small copy embedder from nothing: no weights, only photographs at hand and drawings.

Not part of the wheel. ``scripts/train_embedder`` runs it; it makes an ONNX file and a log.
The attacks it trains against are its own, not those of ``screening.evaluation.attacks``.
"""
