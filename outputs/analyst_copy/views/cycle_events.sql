SELECT collection_version, district_code, action, coalesce(is_pilot, false) AS is_pilot, until, "at" AS happened_at FROM intake.cycle ORDER BY happened_at
