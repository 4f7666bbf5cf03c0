"""This room speaks the Agent Client Protocol: Holdfast is an agent in the panels of editors.

`connection.py` joins the client and `agent.py`, which has a method for each of the protocol.
An `AcpSession` is one conversation: a run, and the session of its folder that works on it.
What happens there is an Event, and `run_updates.py` turns Events into what the client shows.
The SDK is imported in this room alone.
"""
