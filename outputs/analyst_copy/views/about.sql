SELECT * FROM about
