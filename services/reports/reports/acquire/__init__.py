"""Sources to facts: reads a CRM or ERP replica through that product's SQL into canonical fact tables."""
