"""Numbers to Bokeh figures: pure functions in one visual language, light and dark."""
