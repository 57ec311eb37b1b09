"""The pages beside the workspace: ambulance, relatives, help, recorded cases."""
