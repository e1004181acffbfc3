"""Public pages of the catalog: anyone may read them, and search engines index them."""
