"""HTTP, one module for each service behind it: routes, shapes for the document, nothing else."""
