// Package sms is what the bridges for text messages share: who a sender is, which words stop and resume messages, how our files are handed to
// a provider that fetches them, and how a call to a provider fails. The bridges themselves are its subpackages: twilio for Twilio, and carrier
// for any provider that can be described by templates.
//
// A text message says nothing reliable about its sender: numbers come with and without their country, short codes and names come too. None is
// refused; what cannot be read as a number is kept as it came.
package sms
