"""The record of a hospital's own service: cases with every revision, an audit trail, scans."""
