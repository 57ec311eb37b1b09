"""Tables of cases and folders of scans, judged by the rules that judge one patient."""
