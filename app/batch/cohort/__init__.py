"""What rule sets and their editions would have meant for a cohort."""
