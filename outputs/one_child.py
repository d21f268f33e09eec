"""One child, one record, when districts certified the same child more than once: SQL that counts and labels share.

The order decides by what the records say about the child, never by who sent first, so that the same certified files
give the same answer whenever they are counted.
"""

# Where each merged ID leads in the end; needs WITH RECURSIVE.
MERGED_IDS = """
    forward (state_id, current_id) AS (
        SELECT state_id, merged_into FROM identity.student WHERE merged_into IS NOT NULL
        UNION
        SELECT forward.state_id, next.merged_into
        FROM forward JOIN identity.student AS next ON next.state_id = forward.current_id
        WHERE next.merged_into IS NOT NULL
    ),
    merged AS (
        SELECT forward.state_id, forward.current_id
        FROM forward JOIN identity.student AS last ON last.state_id = forward.current_id
        WHERE last.merged_into IS NULL
    )"""

# A record without an ID is nobody else's: it stands for a child of its own.
CHILD = "coalesce(merged.current_id, state_id, submission_id || ' ' || line_number)"

# The child belongs where it attends, then where it is a member for the larger part of the day; then the lowest codes.
FIRST_PLACE = """
    (attending_district_code = district_code) DESC NULLS LAST, member_fte DESC NULLS LAST,
    district_code, reporting_school_code, submission_id, line_number"""


def placed_records(layout: str) -> str:
    """SQL for the stored records of a layout, each with the number its line has now, merged numbers not yet followed.

    Stored records, certified ones above all, are never rewritten; a line that a split gave to another number is noted beside.
    """
    return (
        "(SELECT stored.* REPLACE (coalesce(moved.state_id, stored.state_id) AS state_id) "
        f'FROM collection."{layout}" AS stored LEFT JOIN identity.moved_line AS moved USING (submission_id, line_number))'
    )
