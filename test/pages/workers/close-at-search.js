// Ends a worker named "doomed" when it is given a search, without a word.
addEventListener('message', (event) => {
  if (self.name !== 'doomed' || event.data.type !== 'task' || event.data.task.type !== 'search') return;
  event.stopImmediatePropagation();
  // When it has answered its first message, most likely: the page waits long for that answer.
  setTimeout(() => self.close(), 50);
});
