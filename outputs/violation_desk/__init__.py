"""The state's desk for violations: decisions, waivers, districts' answers, trials over time, rules that were corrected."""
