"""The steps from every released schema to this one; `app.store.schema` runs them."""
