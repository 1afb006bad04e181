"""The pages of the PDF: text, tables and drawings. They do not name the patient."""
