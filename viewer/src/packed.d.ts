// What vite.config.ts makes of a worker.
declare module '*?packed' {
  const member: string; // base64 of a gzip member
  export default member;
}
