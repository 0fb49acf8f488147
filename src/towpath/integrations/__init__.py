"""Adapters to the systems around: each in a folder of its own, none knows another."""
