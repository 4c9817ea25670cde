/* The executable's own pages in memory. */
#ifndef KVS_CODE_H
#define KVS_CODE_H

/* Called every turn of the loop: from time to time lets go of the code that has not run since. */
void code_let_go(void);

#endif
