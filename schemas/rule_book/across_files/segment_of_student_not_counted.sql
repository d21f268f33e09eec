-- Segments of students whom a certified October or February file has as not enrolled on the count date: do they cover it?
SELECT judged.submission_id, judged.line_number, day.count_date BETWEEN judged.entry_date AND judged.exit_date AS fails,
       strftime(judged.entry_date, '%m/%d/%Y') || ' (EnrolledOnCntDate is N in ' || core.collection__version || ')' AS value
FROM judged_student_enrollment_attendance AS judged
JOIN certified_student_core AS core
  ON core.district_code = judged.district_code AND core.state_id = judged.state_id
 AND core.collection__school_year = judged.collection__school_year AND core.collection__cycle IN ('Oct', 'Feb')
JOIN calendar AS day ON day.collection__version = core.collection__version
WHERE core.enrolled_on_count_date = 'N'
