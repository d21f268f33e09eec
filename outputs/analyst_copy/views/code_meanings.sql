SELECT * FROM code_meanings ORDER BY layout, field, code
