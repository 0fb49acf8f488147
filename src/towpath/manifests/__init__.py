"""YAML in, catalog out: manifests read, checked and explained.

Knows files by path and content only: no git, no network, no cluster, no store.
"""

from towpath.manifests.editor_schema import kinds, schema
from towpath.manifests.loading import Loaded, load
from towpath.manifests.repositories import RepositoryFiles

__all__ = ["Loaded", "RepositoryFiles", "kinds", "load", "schema"]
