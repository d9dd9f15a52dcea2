// Ends a worker named "doomed" when it is given vectors, without a word.
addEventListener('message', (event) => {
  if (self.name !== 'doomed' || event.data.type !== 'task' || event.data.task.type === 'warm-up') return;
  event.stopImmediatePropagation();
  self.close();
});
