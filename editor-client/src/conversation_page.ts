import type { Conversations } from "./conversation_log.js";
import type { ToPage } from "./conversation_shape.js";

/** A `Page` is one place where a conversation is shown, and what it has drawn. */
export interface Page {
  readonly post: (message: ToPage) => void;
  readonly isVisible: () => boolean;
  /** The run that it shows; empty for a new conversation. */
  runId: string;
  /** Whether the person chose the run, which stays then whatever begins. */
  isChosen: boolean;
  drawn: Conversations;
}
