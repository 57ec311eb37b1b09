"""The pages: a form that works without JavaScript, and the answer it leads to."""
