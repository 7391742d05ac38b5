"""Events of the built-in generator."""
