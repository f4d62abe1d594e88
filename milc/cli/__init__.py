"""The command line: one module a verb, each loaded when its verb is called.

The only room that knows click. A verb reads its options, calls the driver, shows what came of it
and returns an exit status; what it does is in the driver.
"""
