SELECT district_code, school_code, name, low_grade, high_grade, opened_year, closed_year FROM schools
ORDER BY district_code, school_code
