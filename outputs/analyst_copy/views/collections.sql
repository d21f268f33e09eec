SELECT * FROM collections ORDER BY school_year, collection_version
