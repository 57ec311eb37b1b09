"""Tables of cases, judged by the rules that judge one patient."""
