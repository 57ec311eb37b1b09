"""What has to reach other systems: kept with the change that caused it, sent until it is acknowledged or given up."""
