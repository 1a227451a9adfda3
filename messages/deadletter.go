package messages

// The engine prints the messages that reach nobody, bodies included. Those that
// carry a player's data, or that rightly come late, ask it not to.

// IgnoreDeadLetterLogging keeps the message out of the engine's dead-letter log.
func (*Request) IgnoreDeadLetterLogging() {}

// IgnoreDeadLetterLogging keeps the message out of the engine's dead-letter log.
func (*Response) IgnoreDeadLetterLogging() {}

// IgnoreDeadLetterLogging keeps the message out of the engine's dead-letter log.
func (*Done) IgnoreDeadLetterLogging() {}

// IgnoreDeadLetterLogging keeps the message out of the engine's dead-letter log.
func (*Push) IgnoreDeadLetterLogging() {}

// IgnoreDeadLetterLogging keeps the message out of the engine's dead-letter log.
func (*SendBatch) IgnoreDeadLetterLogging() {}

// IgnoreDeadLetterLogging keeps the message out of the engine's dead-letter log.
func (*Kicked) IgnoreDeadLetterLogging() {}

// IgnoreDeadLetterLogging keeps the message out of the engine's dead-letter log.
func (*Connected) IgnoreDeadLetterLogging() {}

// IgnoreDeadLetterLogging keeps the message out of the engine's dead-letter log.
func (*Closed) IgnoreDeadLetterLogging() {}
