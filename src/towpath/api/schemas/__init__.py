"""What the API answers and takes, as Pydantic models: one module for each topic."""
