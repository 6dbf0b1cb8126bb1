"""The local web application: a page for people, an API for programs, one queue behind both.

Knows HTTP, jobs and files; the analysis is `mellm.Analyzer`, run in processes of its own.
"""
