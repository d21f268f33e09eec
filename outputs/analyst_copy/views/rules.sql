SELECT * FROM rules ORDER BY collection_version, rule_id, field
