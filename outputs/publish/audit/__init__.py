"""The gate before publication: what a hostile reader could compute from a release folder, worked out from the folder
alone. Shares no code with the engine, so that one mistake cannot pass both."""
