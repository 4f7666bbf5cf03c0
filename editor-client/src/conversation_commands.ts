/** The commands of the palette about the conversation. */
import type { Conversation } from "./conversation.js";
import type { RunNode } from "./run_log.js";

export type ConversationHandler = (node?: RunNode) => unknown;

export function conversationCommands(
  conversation: Conversation,
): Record<string, ConversationHandler> {
  return {
    /** The run of the row that was clicked, else the one that is shown. */
    conversation: (node) => conversation.show(node?.run.runId),
    newConversation: () => conversation.fresh(),
    conversationInEditor: () => {
      conversation.inEditor();
    },
  };
}
