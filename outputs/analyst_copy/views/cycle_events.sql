SELECT collection_version, district_code, action, until, "at" AS happened_at FROM intake.cycle ORDER BY happened_at
