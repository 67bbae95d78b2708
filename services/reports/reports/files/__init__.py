"""A report in other forms: from its frozen numbers to PNG, SVG, PDF, CSV and XLSX."""
