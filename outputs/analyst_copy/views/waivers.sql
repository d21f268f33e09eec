SELECT collection_version, rule_id, district_code, school_code, given_at, until, ended_at,
       ended_at IS NULL AND until >= CAST($at AT TIME ZONE 'America/Chicago' AS DATE) AS is_in_force
FROM quality.waiver ORDER BY given_at, collection_version, rule_id
