"""Runs Argo workflows on this machine: an interpreter without I/O, and processes for its leaves."""

from towpath.runner.local import Limits, LocalRunner

__all__ = ["Limits", "LocalRunner"]
