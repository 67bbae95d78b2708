"""Push: who isn't connected hears of what happens by FCM and Web Push."""
