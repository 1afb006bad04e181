"""Extensions of mkdocs for the documentation site (``mkdocs.yml``)."""
