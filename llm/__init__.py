"""The side of the model: scoring, writing, language."""
