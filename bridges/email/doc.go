// Package email lets customers write to an address of the business. Mails are read from its mailbox by IMAP, which stays as it is: nothing is marked,
// moved or deleted. Answers leave by the business's own mail server.
//
// Each folder has a connection of its own, which waits for the server to tell of new mail and looks by itself from time to time. How far it read is
// kept after the mails are stored, so that after days away everything is taken in, in order, once. A mail that the server or we cannot read is set
// aside as a dead letter after some tries.
//
// What a person wrote becomes a message, and each file a message behind it. What a machine wrote is told apart: reports of mail servers become
// receipts of what they report on; automatic answers, lists' mails and calendars' answers are marked as Automatic, so that no workflow answers
// them; our own mails that came back are noted and dropped.
//
// Reading a mail's parts is not done here but by the Parser that the Bridge is given: the gateway reads its agents' mails with the same.
package email
