// Holds a worker named "doomed" until others have begun.
const until = performance.now() + 500;
while (self.name === 'doomed' && performance.now() < until);
