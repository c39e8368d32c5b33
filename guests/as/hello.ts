console.log("hello from AssemblyScript");
const names = ["a", "b"];
for (let i = 0; i < names.length; i++) console.log(i.toString() + names[i]);
