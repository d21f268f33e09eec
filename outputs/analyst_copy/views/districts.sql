SELECT district_code, name, county, kind, opened_year, closed_year FROM districts ORDER BY district_code
