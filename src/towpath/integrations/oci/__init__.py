"""Image registries that speak the OCI distribution protocol."""
