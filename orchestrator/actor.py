"""Who did it: every change is somebody's. The desk's rules know them too."""

from support.actor import SYSTEM, Actor

__all__ = ["SYSTEM", "Actor"]
